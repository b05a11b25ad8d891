import type { ProofItem } from '../run-report.ts';
import { plural } from '../text.ts';
import { formatDuration } from '../units.ts';
import { countedOutcomes, outcomeWords } from '../words.ts';
import { icon } from './icons.ts';
import { html, type Markup } from './markup.ts';

/** Details that are read at once; more are folded away. */
const openDetails = 6;

/** Where a finding leads: ids of proofs come from names of databases, so the place in the list is used. */
export const proofAnchor = (index: number): string => `proof-${index + 1}`;

/**
 * Every proof with what it found. On a phone its rows become blocks, which takes the meaning of a table from the
 * elements; the roles give it back.
 */
export function proofTable(proofs: readonly ProofItem[]): Markup {
  return html`<table class="proofs" role="table">
<caption>${countedOutcomes(proofs)}</caption>
<thead role="rowgroup"><tr role="row">
<th scope="col" role="columnheader">Result</th><th scope="col" role="columnheader">Proof and what it found</th><th scope="col" role="columnheader" class="num">Took</th>
</tr></thead>
<tbody role="rowgroup">
${proofs.map(proofRow)}</tbody>
</table>`;
}

function proofRow(proof: ProofItem, index: number): Markup {
  return html`<tr role="row" id="${proofAnchor(index)}" class="${proof.outcome}">
<td role="cell" class="outcome">${icon(proof.outcome)} ${outcomeWords[proof.outcome]}</td>
<th role="rowheader" scope="row"><span class="proof-title">${proof.title}</span> <span class="proof-summary">${proof.summary}</span>${details(proof)}</th>
<td role="cell" class="num">${proof.durationMs === null ? '' : formatDuration(proof.durationMs)}</td>
</tr>
`;
}

function details({ details, outcome }: ProofItem): Markup | null {
  if (details.length === 0) return null;
  const open = outcome === 'failed' && details.length <= openDetails;
  return html`<details${open ? html` open` : null}><summary>${plural(details.length, 'line')}</summary><ul>${details.map((line) => html`<li>${line}</li>\n`)}</ul></details>`;
}
