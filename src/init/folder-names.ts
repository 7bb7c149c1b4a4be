const set = (names: string): ReadonlySet<string> => new Set(names.split(' '));

/** What a folder's name says about the code in it. */
export const FRONTEND_FOLDERS = set(
  'frontend front client web webapp website www ui components pages views screens layouts styles css public assets static hooks',
);
/** Folders of servers inside a frontend that also has one. */
export const SERVER_FOLDERS = set('api server backend');
export const TEST_FOLDERS = set('test tests __tests__ spec specs e2e cypress playwright');
export const DOC_FOLDERS = set('docs doc documentation');
/** Folders that hold code of several kinds, so that those below them are looked at. */
export const CODE_FOLDERS = set('src app lib source');

/** Endings of files that somebody writes as code. */
const CODE =
  /\.([cm]?[jt]sx?|vue|svelte|astro|py|go|rs|rb|php|java|kt|swift|cs|c|h|cc|cpp|sh|sql|html|css|scss|less)$/i;

/** Whether a file's name says that it is code. */
export function isCode(name: string): boolean {
  return CODE.test(name);
}
