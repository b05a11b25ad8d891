/**
 * Whether a connection string of libpq (manual, "Connection Strings": `key=value` words or a URI) holds a password of
 * the server or of a key. It would stand in process lists, in the journal and in plans.
 */
export function holdsPassword(conninfo: string): boolean {
  if (!/^postgres(?:ql)?:\/\//i.test(conninfo)) return /(?:^|\s)(?:ssl)?password\s*=/i.test(conninfo);
  return /^[a-z]+:\/\/[^/?@]*:[^/?@]*@/i.test(conninfo) || /[?&](?:ssl)?password=/i.test(conninfo);
}
