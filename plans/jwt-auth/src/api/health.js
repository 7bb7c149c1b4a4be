export function health() {
  return { status: 200, json: { ok: true } };
}
