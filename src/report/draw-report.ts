import { reportHtml } from './html/page.ts';
import { reportJson } from './json.ts';
import { reportJunit } from './junit.ts';
import { reportMarkdown } from './markdown.ts';
import type { ReportForm } from './report-form.ts';
import type { RunReport } from './run-report.ts';

const draw: Readonly<Record<ReportForm, (report: RunReport) => string>> = {
  html: reportHtml,
  markdown: reportMarkdown,
  json: reportJson,
  junit: reportJunit,
};

export const drawReport = (report: RunReport, form: ReportForm): string => draw[form](report);
