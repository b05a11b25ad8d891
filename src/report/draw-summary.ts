import { summaryHtml } from './html/summary-page.ts';
import type { ReportForm } from './report-form.ts';
import { type DrillSummary, type EndedDatabase, summaryJson } from './summary.ts';
import { summaryJunit } from './summary-junit.ts';
import { summaryMarkdown } from './summary-markdown.ts';

const draw: Readonly<Record<ReportForm, (summary: DrillSummary, ended: readonly EndedDatabase[]) => string>> =
  {
    html: summaryHtml,
    markdown: summaryMarkdown,
    json: summaryJson,
    junit: ({ startedAt }, ended) => summaryJunit(ended, startedAt),
  };

export const drawSummary = (
  summary: DrillSummary,
  ended: readonly EndedDatabase[],
  form: ReportForm,
): string => draw[form](summary, ended);
