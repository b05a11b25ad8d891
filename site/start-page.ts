import { navigation } from './navigation.ts';
import { titleOf } from './titles.ts';

/** `docs/README.md`: what a code host shows of the folder, and the site below its landing. */
export function startPage(docs: string, generated: string): string {
  const groups = navigation(docs).map(({ title, pages }) =>
    [
      `## ${title}`,
      Object.entries(pages)
        .map(([page, about]) => `- [${titleOf(docs, page)}](${page}.md): ${about}`)
        .join('\n'),
    ].join('\n\n'),
  );
  return `${[
    '# odo’s documentation',
    generated,
    'New here? Read [the use cases](use-cases.md), then walk through [a tutorial](tutorial-compose.md). In an emergency: `odo doctor`, `odo plan`, `odo start`, in that order; none but the last changes anything, and that one asks.',
    ...groups,
    '## Project',
    '- [SECURITY.md](../SECURITY.md): what odo trusts, which rights it needs, what it leaves where, how to report a hole\n- [CONTRIBUTING.md](../CONTRIBUTING.md): the rooms of the code and the rules that matter most\n- [CHANGELOG.md](../CHANGELOG.md)\n- [odo.schema.json](odo.schema.json): the JSON Schema of `odo.yaml`; [events.schema.json](events.schema.json): of a line of `--json`',
  ].join('\n\n')}\n`;
}
