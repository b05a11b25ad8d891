/** Shorter ones would blot out ordinary words; no store issues keys that short. */
const shortestSecret = 6;

/** Of this process, whichever part of it was given them: an error is made data in many places. */
const known = new Set<string>();

/** Parts of a connection string or of an Azure SAS that are secret by themselves. */
const secretPart = /(?:^|[?&;])(?:sig|AccountKey)=([^;&]+)/g;

/** Credentials that nobody configured: what a login was exchanged for, or is exchanged with. */
const shapes: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic) [\w.~+/=-]{16,}/g, '$1 [secret]'],
  [
    /((?:subject|access|refresh|id)_token|client_secret|assertion)(["'\s:=]+)[\w.~+/%=-]{6,}/g,
    '$1$2[secret]',
  ],
];

/** The forms in which a secret may be quoted by somebody who was sent it. */
export function formsOf(secret: string | null): string[] {
  if (secret === null || secret.length < shortestSecret) return [];
  const parts = [...secret.matchAll(secretPart)].flatMap(([, part = '']) => [part, percentDecoded(part)]);
  const long = [secret, ...parts].filter((one) => one.length >= shortestSecret);
  return long.flatMap((one) => [one, encodeURIComponent(one), JSON.stringify(one).slice(1, -1)]);
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** From now on it is blotted out of every error that becomes data, so that no journal and no report ever holds it. */
export function rememberSecret(secret: string | null): void {
  for (const form of formsOf(secret)) known.add(form);
}

export const withoutKnownSecrets = (text: string): string => withoutSecretForms(text, known);

/** What somebody else says, who may quote a request with its credentials: a store, a proxy before it, a library. */
export function quotable(words: string): string {
  let result = withoutKnownSecrets(words);
  for (const [shape, replacement] of shapes) result = result.replaceAll(shape, replacement);
  return result;
}

/** Longest first: a secret may be a part of another. */
export function withoutSecretForms(text: string, forms: ReadonlySet<string>): string {
  let result = text;
  for (const form of [...forms].toSorted((a, b) => b.length - a.length))
    result = result.replaceAll(form, '[secret]');
  return result;
}
