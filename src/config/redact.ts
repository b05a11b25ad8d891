import { formsOf, rememberSecret, withoutSecretForms } from '../errors/known-secrets.ts';

/**
 * Blots known secrets out of everything that is printed, and out of errors before they are kept. The last line of
 * defence: no message should hold one, but an SDK or a store may quote a request.
 */
export class SecretRedactor {
  readonly #secrets = new Set<string>();

  add(secret: string | null): void {
    for (const form of formsOf(secret)) this.#secrets.add(form);
    rememberSecret(secret);
  }

  /** In every form that was ever added. */
  list(): string[] {
    return [...this.#secrets];
  }

  redact(text: string): string {
    return withoutSecretForms(text, this.#secrets);
  }
}

/** A URL without user, password and query (a SAS token), for messages about URLs that should not have had any. */
export function withoutSecrets(text: string): string {
  return text
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1[secret]@')
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^?]*\?).+$/is, '$1[secret]');
}
