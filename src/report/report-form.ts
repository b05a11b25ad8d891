import { OdoError } from '../errors/odo-error.ts';

/** Every form of a report, by the name of `odo report --format`, and what a file of it ends in. */
const extensions = { html: '.html', markdown: '.md', json: '.json', junit: '.xml' } as const;

export type ReportForm = keyof typeof extensions;

export const reportForms = Object.keys(extensions) as readonly ReportForm[];

/** By its extension. @throws USAGE for one that no form has */
export function formOfFile(file: string): ReportForm {
  const form = reportForms.find((name) => file.toLowerCase().endsWith(extensions[name]));
  if (form !== undefined) return form;
  throw new OdoError('USAGE', `No report has the form of ${file}.`, {
    hint: `Its name must end in ${Object.values(extensions).join(', ')}.`,
  });
}
