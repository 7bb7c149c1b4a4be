/** How a workflow tells what it did, in words and for programs: which of them is heard is the user's choice. */
export interface Dialog {
  /** A line of the result, for people. */
  say(line: string): void;
  /** A line about what people should look at. */
  warn(line: string): void;
  /** The result as one JSON object. */
  tell(result: object): void;
  /** Which of the files to overwrite, or how the user left the question; missing where nobody can be asked. */
  chooseFiles?(paths: readonly string[]): Promise<ReadonlySet<string> | 'declined' | 'interrupted'>;
}
