/**
 * A connection string of libpq (manual, "Connection Strings": `key=value` words or a URI) with a password on top; a
 * later word wins over an earlier one.
 */
export function withPassword(conninfo: string, password: string): string {
  if (/^postgres(?:ql)?:\/\//i.test(conninfo)) {
    return `${conninfo}${conninfo.includes('?') ? '&' : '?'}password=${encodeURIComponent(password)}`;
  }
  return `${conninfo} password='${password.replaceAll(/[\\']/g, (character) => `\\${character}`)}'`;
}
