import { OdoError } from '../errors/odo-error.ts';
import { reportHtml } from './html/page.ts';
import { reportJson } from './json.ts';
import { reportJunit } from './junit.ts';
import { reportMarkdown } from './markdown.ts';
import type { RunReport } from './run-report.ts';

/** Every form of a report, by the name of `odo report --format`. */
const forms = {
  html: { extension: '.html', draw: reportHtml },
  markdown: { extension: '.md', draw: reportMarkdown },
  json: { extension: '.json', draw: reportJson },
  junit: { extension: '.xml', draw: reportJunit },
} as const satisfies Record<string, { extension: string; draw: (report: RunReport) => string }>;

export type ReportForm = keyof typeof forms;

export const reportForms = Object.keys(forms) as readonly ReportForm[];

export const drawReport = (report: RunReport, form: ReportForm): string => forms[form].draw(report);

/** By its extension. @throws USAGE for one that no form has */
export function formOfFile(file: string): ReportForm {
  const form = reportForms.find((name) => file.toLowerCase().endsWith(forms[name].extension));
  if (form !== undefined) return form;
  const known = reportForms.map((name) => forms[name].extension).join(', ');
  throw new OdoError('USAGE', `No report has the form of ${file}.`, {
    hint: `Its name must end in ${known}.`,
  });
}
