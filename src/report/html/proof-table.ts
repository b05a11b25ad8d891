import { tookOf } from '../facts.ts';
import type { ProofItem } from '../run-report.ts';
import { plural } from '../text.ts';
import { countedOutcomes, outcomeWords } from '../words.ts';
import { icon } from './icons.ts';
import { html, type Markup } from './markup.ts';

/** Details that are read at once; more are folded away. */
const openDetails = 6;

/** So many proofs of one kind are read; of more databases, those that passed are folded away. */
const openOfKind = 8;

interface PlacedProof {
  readonly proof: ProofItem;
  readonly index: number;
}

/** Where a finding leads: ids of proofs come from names of databases, so the place in the list is used. */
export const proofAnchor = (index: number): string => `proof-${index + 1}`;

/** Every proof with what it found, in the order of the report; what many databases have in common last. */
export function proofTables(proofs: readonly ProofItem[]): Markup {
  const placed = proofs.map((proof, index) => ({ proof, index }));
  const folded = Map.groupBy(
    placed.filter(({ proof }) => proof.outcome === 'passed'),
    ({ proof }) => kindOf(proof),
  );
  for (const [kind, members] of folded)
    if (kind === null || members.length <= openOfKind) folded.delete(kind);
  const shown = placed.filter(({ proof }) => !(proof.outcome === 'passed' && folded.has(kindOf(proof))));
  return html`${shown.length === 0 ? null : proofTable(countedOutcomes(proofs), shown)}${[...folded].map(
    ([kind, members]) =>
      html`<details><summary>${kind}: ${members.length} passed</summary>${proofTable(`${kind}: what passed`, members)}</details>\n`,
  )}`;
}

/** `amcheck` of `amcheck:orders`; null of what there is but one. */
const kindOf = ({ id }: ProofItem): string | null => (id.includes(':') ? id.slice(0, id.indexOf(':')) : null);

/** On a phone its rows become blocks, which takes the meaning of a table from the elements; the roles give it back. */
const proofTable = (caption: string, proofs: readonly PlacedProof[]): Markup =>
  html`<table class="proofs" role="table">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">
<th scope="col" role="columnheader">Result</th><th scope="col" role="columnheader">Proof and what it found</th><th scope="col" role="columnheader" class="num">Took</th>
</tr></thead>
<tbody role="rowgroup">
${proofs.map(proofRow)}</tbody>
</table>`;

function proofRow({ proof, index }: PlacedProof): Markup {
  return html`<tr role="row" id="${proofAnchor(index)}" class="${proof.outcome}">
<td role="cell" class="outcome">${icon(proof.outcome)} ${outcomeWords[proof.outcome]}</td>
<th role="rowheader" scope="row"><span class="proof-title">${proof.title}</span> <span class="proof-summary">${proof.summary}</span>${details(proof)}</th>
<td role="cell" class="num">${tookOf(proof)}</td>
</tr>
`;
}

function details({ details, outcome }: ProofItem): Markup | null {
  if (details.length === 0) return null;
  const open = outcome === 'failed' && details.length <= openDetails;
  return html`<details${open ? html` open` : null}><summary>${plural(details.length, 'line')}</summary><ul>${details.map((line) => html`<li>${line}</li>\n`)}</ul></details>`;
}
