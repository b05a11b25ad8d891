/** Shorter ones would blot out ordinary words; no store issues keys that short. */
const shortestSecret = 6;

/**
 * Blots known secrets out of everything that is printed. The last line of defence: no message should hold one,
 * but an SDK or a store may quote a request.
 */
export class SecretRedactor {
  readonly #secrets = new Set<string>();

  add(secret: string | null): void {
    if (secret === null || secret.length < shortestSecret) return;
    this.#secrets.add(secret);
    this.#secrets.add(encodeURIComponent(secret));
    this.#secrets.add(JSON.stringify(secret).slice(1, -1));
  }

  redact(text: string): string {
    let result = text;
    for (const secret of this.#secrets) result = result.replaceAll(secret, '[secret]');
    return result;
  }
}

/** A URL without user, password and query (a SAS token), for messages about URLs that should not have had any. */
export function withoutSecrets(text: string): string {
  return text
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1[secret]@')
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^?]*\?).+$/is, '$1[secret]');
}
