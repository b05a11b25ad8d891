import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { restoreMachine } from '../src/machine/restore-machine.ts';

/** The part of an xstate node that the drawing needs. */
interface MachineNode {
  readonly key: string;
  readonly id: string;
  readonly type: string;
  readonly states: Readonly<Record<string, MachineNode>>;
  readonly initial?: { readonly target?: readonly MachineNode[] } | undefined;
  readonly transitions: ReadonlyMap<string, readonly Transition[]>;
  readonly always?: readonly Transition[] | undefined;
}

interface Transition {
  readonly eventType: string;
  readonly target?: readonly MachineNode[] | undefined;
  readonly guard?: unknown;
}

const file = fileURLToPath(new URL('../docs/machine.md', import.meta.url));

const introduction = `# The machine of a run

Drawn from \`src/machine/restore-machine.ts\` by \`npm run docs\`; a test fails when it is stale. Every box with a
name of its own is a phase whose effect is a step in \`src/steps\`. Guards in brackets lead to \`refused\`, where
nothing has been touched. A process that ends in the middle is no state: \`odo resume\` goes back to where it stood.
`;

const nameOf = (node: MachineNode): string => node.id.replaceAll('.', '_').replaceAll('-', '_');

function label(transition: Transition): string {
  const event = transition.eventType
    .replace(/^xstate\.done\..*/, 'done')
    .replace(/^xstate\.error\..*/, 'error');
  const { guard: given } = transition;
  const name =
    typeof given === 'object' && given !== null && 'type' in given ? String(given.type) : (given ?? null);
  const guard = typeof name === 'string' ? `[${name}]` : '';
  return [event === 'done' && guard !== '' ? '' : event, guard].filter((part) => part !== '').join(' ');
}

function draw(node: MachineNode, depth: number): string[] {
  const indent = '  '.repeat(depth);
  const lines: string[] = [];
  for (const child of Object.values(node.states)) {
    if (child.type === 'history') continue;
    const inner = Object.values(child.states);
    if (inner.length === 0) {
      lines.push(`${indent}state "${child.key}" as ${nameOf(child)}`);
      continue;
    }
    lines.push(`${indent}state "${child.key}" as ${nameOf(child)} {`);
    if (child.type === 'parallel') {
      inner.forEach((region, index) => {
        if (index > 0) lines.push(`${indent}  --`);
        lines.push(...initialOf(region, depth + 1), ...draw(region, depth + 1));
      });
    } else {
      lines.push(...initialOf(child, depth + 1), ...draw(child, depth + 1));
    }
    lines.push(`${indent}}`);
  }
  return lines;
}

function initialOf(node: MachineNode, depth: number): string[] {
  const target = node.initial?.target?.[0];
  return target === undefined ? [] : [`${'  '.repeat(depth)}[*] --> ${nameOf(target)}`];
}

function arrows(node: MachineNode): string[] {
  const lines: string[] = [];
  const all = [...node.transitions.values(), node.always ?? []].flat();
  for (const transition of all) {
    for (const target of transition.target ?? []) {
      // Every phase may fail; forty equal arrows would hide the way.
      if (target.key === 'failed') continue;
      const to = target.type === 'history' ? `${nameOf(target).replace(/_stood$/, '')}` : nameOf(target);
      const text = label(transition);
      lines.push(`  ${nameOf(node)} --> ${to}${text === '' ? '' : `: ${text}`}`);
    }
  }
  for (const child of Object.values(node.states)) lines.push(...arrows(child));
  return lines;
}

/** The page as it should be. */
export function machinePage(): string {
  const root = restoreMachine.root as unknown as MachineNode;
  const drawing = [
    'stateDiagram-v2',
    ...initialOf(root, 1),
    ...draw(root, 1),
    ...[...new Set(arrows(root))],
    `  odo_restoring --> odo_failed: error in any phase`,
  ];
  return `${introduction}\n\`\`\`mermaid\n${drawing.join('\n')}\n\`\`\`\n`;
}

export const isCurrent = (): boolean => readFileSync(file, 'utf8') === machinePage();

if (import.meta.main) writeFileSync(file, machinePage());
