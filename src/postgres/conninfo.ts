/**
 * A connection string of libpq (manual, "Connection Strings": `key=value` words or a URI) with one more word; a later
 * word wins over an earlier one.
 */
export function withWord(conninfo: string, word: string, value: string): string {
  if (/^postgres(?:ql)?:\/\//i.test(conninfo)) {
    return `${conninfo}${conninfo.includes('?') ? '&' : '?'}${word}=${encodeURIComponent(value)}`;
  }
  return `${conninfo} ${word}='${value.replaceAll(/[\\']/g, (character) => `\\${character}`)}'`.trimStart();
}

export const withPassword = (conninfo: string, password: string): string =>
  withWord(conninfo, 'password', password);
