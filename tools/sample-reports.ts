/** Writes every sample report in every form to a directory, to be looked at: `npm run sample-reports -- DIRECTORY`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reportHtml } from '../src/report/html/page.ts';
import { summaryHtml } from '../src/report/html/summary-page.ts';
import { reportJson } from '../src/report/json.ts';
import { reportJunit } from '../src/report/junit.ts';
import { reportMarkdown } from '../src/report/markdown.ts';
import { sampleReports } from '../test/support/sample-report.ts';
import { sampleSummary } from '../test/support/sample-summary.ts';

const forms = { html: reportHtml, json: reportJson, md: reportMarkdown, xml: reportJunit };
const directory = process.argv[2] ?? 'build/sample-reports';
await mkdir(directory, { recursive: true });
for (const [name, report] of Object.entries(sampleReports))
  for (const [extension, form] of Object.entries(forms))
    await writeFile(join(directory, `${name}.${extension}`), form(report));
await writeFile(join(directory, 'summary.html'), summaryHtml(sampleSummary));
process.stdout.write(`${directory}\n`);
