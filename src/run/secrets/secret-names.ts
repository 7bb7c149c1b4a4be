/*
 * What makes the name of an environment variable the name of a secret. A name is taken apart into words, at `_` and the
 * like and where camelCase changes case; digits at the end of a word are left out.
 */
const words = (text: string): readonly string[] => text.split(' ');

/** Secret wherever they stand inside a word: PGPASSWORD, PASSWORDS, STRIPE_SECRETKEY, GOOGLE_CREDENTIALS. */
const INSIDE = /PASSWORD|PASSWD|PASSPHRASE|PASSCODE|CREDENTIAL|(?:API|SECRET|PRIVATE|ACCESS)KEY/;
/** Secret at the end of any word: MYTOKEN, TOKEN_PROD, CLIENT_SECRET. (TOKENIZERS is none.) */
const ENDING = /(?:TOKENS?|SECRETS?|PASSWORT)$/;
/** Secret at the end of the last word: OPENAI_KEY, MYKEY, SSHPASS, MYSQL_PWD. */
const LAST_ENDING = /(?:KEYS?|PASS|PWD)$/;
/** Secret as the last word: GITHUB_PAT, NPM_CONFIG_AUTH. */
const LAST = words('PAT AUTH JWT PSK COOKIE CREDS');
/** Words that only look like the end of one of those above. */
const INNOCENT = words(
  'MONKEY DONKEY TURKEY HOCKEY JOCKEY WHISKEY HOTKEY LESSKEY PUBKEY PUBLICKEY COMPASS BYPASS TRESPASS ASKPASS OLDPWD',
);
/** Before KEY they make it one that everybody may know, or no key of cryptography. */
const INNOCENT_KEYS = words('PUBLIC PUB PUBLISHABLE HOST HOT CACHE PRIMARY FOREIGN SORT PARTITION');
/** As the last word they say that the value tells of a secret (where it is, whose, how long) and is none itself. */
const ABOUT = words(
  'FILE FILES PATH DIR DIRECTORY FOLDER SOCK SOCKET URL URI DSN ENDPOINT HOST PORT NAME USER USERNAME TYPE LENGTH SIZE ' +
    'LIMIT MAX MIN COUNT TTL EXPIRY TIMEOUT ENABLED ALGORITHM POLICY VERSION REGION PARALLELISM',
);
/** Last words that change nothing: OPENAI_KEY_PROD, AWS_ACCESS_KEY_ID. */
const QUALIFIERS = words('ID PROD PRODUCTION STAGING DEV TEST CI OLD NEW PRIMARY SECONDARY CONFIG JSON');

/** Whether a variable's value is a secret, as far as its name tells. */
export function isSecretName(name: string): boolean {
  const parts = wordsOf(name);
  while (parts.length > 1 && QUALIFIERS.includes(parts.at(-1)!)) parts.pop();
  const last = parts.at(-1);
  // The folder that a shell is in.
  if (last === undefined || ABOUT.includes(last) || name === 'PWD') return false;
  if (LAST.includes(last) || parts.some((word) => ENDING.test(word) || INSIDE.test(word))) return true;
  if (/^KEYS?$/.test(last) && INNOCENT_KEYS.includes(parts.at(-2) ?? '')) return false;
  return !INNOCENT.includes(last) && LAST_ENDING.test(last);
}

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3_$2')
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .map((word) => word.replace(/\d+$/, ''))
    .filter((word) => word !== '');
}
