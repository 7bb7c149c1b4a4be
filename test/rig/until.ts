/** Waits until a condition holds, looking a few hundred times a second (a loop without a pause would take a core away). */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 3));
}
