/**
 * The findings in what pg_amcheck prints: a line that names the object and ends in a colon, then indented lines with what is wrong
 * (pg_amcheck.c, verify_heap_slot_handler and verify_btree_slot_handler). One sentence each.
 */
export function parseAmcheckOutput(stdout: string): string[] {
  const findings: string[] = [];
  let about = '';
  for (const line of stdout.split('\n')) {
    if (line.trim() === '' || /^\s+(?:HINT|CONTEXT|DETAIL|LOCATION|STATEMENT): /.test(line)) continue;
    if (/^\s/.test(line)) findings.push(`${about}${line.trim().replace(/^[A-Z]+: {2}/, '')}`);
    else about = `${line.replace(/:$/, '').replace(/"(.*)"/, '$1')}: `;
  }
  return findings;
}
