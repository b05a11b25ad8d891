/** Writes every sample report in every form to a directory, to be looked at: `npm run sample-reports -- DIRECTORY`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reportHtml } from '../src/report/html/page.ts';
import { reportJson } from '../src/report/json.ts';
import { reportJunit } from '../src/report/junit.ts';
import { reportMarkdown } from '../src/report/markdown.ts';
import { sampleReports } from '../test/support/sample-report.ts';

const forms = { html: reportHtml, json: reportJson, md: reportMarkdown, xml: reportJunit };
const directory = process.argv[2] ?? 'build/sample-reports';
await mkdir(directory, { recursive: true });
for (const [name, report] of Object.entries(sampleReports))
  for (const [extension, form] of Object.entries(forms))
    await writeFile(join(directory, `${name}.${extension}`), form(report));
process.stdout.write(`${directory}\n`);
