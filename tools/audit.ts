/**
 * Known vulnerabilities of what is shipped, by `npm audit`. Exits with 1 for high and critical ones, and with 75 (EX_TEMPFAIL)
 * when the registry does not answer: then nothing is known.
 */
import { execa } from 'execa';

const answeredTimeoutMs = 60_000;

const { stdout } = await execa('npm', ['audit', '--omit=dev', '--json'], {
  reject: false,
  stdin: 'ignore',
  timeout: answeredTimeoutMs,
});

interface Report {
  readonly metadata?: { readonly vulnerabilities?: Readonly<Record<string, number>> };
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly range: string }>>;
}

function reportIn(text: string): Report {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return {};
  }
}

const { metadata, vulnerabilities = {} } = reportIn(stdout);
const counts = metadata?.vulnerabilities;
if (counts === undefined) {
  console.warn('The registry does not answer npm audit: nothing is known about vulnerabilities.');
  process.exitCode = 75;
} else {
  for (const [name, { severity, range }] of Object.entries(vulnerabilities))
    console.log(`${severity}  ${name} ${range}`);
  const { high = 0, critical = 0, total = 0 } = counts;
  console.log(`${total} known vulnerabilities, ${high + critical} of them high or critical`);
  process.exitCode = high + critical > 0 ? 1 : 0;
}
