import { dirname } from 'node:path';
import { type ExecaError, execa } from 'execa';
import { OdoError } from '../errors/odo-error.ts';
import type { ToolResult } from './ask-server.ts';

/** Which files Compose is given, as whoever started the project gave them. */
export interface ComposeProject {
  /** Absolute; the first one's directory is the project's. */
  readonly files: readonly string[];
  readonly environmentFiles: readonly string[];
  /** Null lets Compose decide. */
  readonly name: string | null;
}

export interface ComposeCli {
  /** `docker compose` or `docker-compose` */
  readonly program: string;
  /** As it says itself: `2.40.3`. */
  readonly version: string;
  /** A non-zero exit code is a result. stdout of `config` holds secrets: it goes into no message. */
  run(project: ComposeProject, args: readonly string[], signal: AbortSignal): Promise<ToolResult>;
}

const programs: readonly (readonly [string, ...string[]])[] = [['docker', 'compose'], ['docker-compose']];

/** Compose version 2 or newer, as the plugin or as a program of its own. @throws PRECONDITION_FAILED */
export async function findCompose(engineAddress: string, signal: AbortSignal): Promise<ComposeCli> {
  const tried: string[] = [];
  for (const program of programs) {
    const result = await execute(program, ['version', '--short'], '/', engineAddress, signal);
    const version = result.stdout.trim();
    const [, major] = /^v?(\d+)\./.exec(version) ?? [];
    if (result.exitCode === 0 && Number(major) >= 2) {
      return {
        program: program.join(' '),
        version,
        run: (project, args, at) =>
          execute(
            program,
            [...projectArguments(project), ...args],
            dirname(project.files[0] ?? '/'),
            engineAddress,
            at,
          ),
      };
    }
    tried.push(`${program.join(' ')}: ${version || result.stderr.trim().split('\n')[0]}`);
  }
  throw new OdoError('PRECONDITION_FAILED', 'Docker Compose (version 2 or newer) is not installed here.', {
    hint:
      'Install it (Debian: docker-compose or docker-compose-plugin; other systems: docs.docker.com/compose/install) ' +
      'and check with: docker compose version',
    details: { tried },
  });
}

function projectArguments({ files, environmentFiles, name }: ComposeProject): string[] {
  return [
    ...environmentFiles.flatMap((file) => ['--env-file', file]),
    ...files.flatMap((file) => ['-f', file]),
    ...(name === null ? [] : ['-p', name]),
  ];
}

async function execute(
  [program, ...first]: readonly [string, ...string[]],
  args: readonly string[],
  cwd: string,
  engineAddress: string,
  signal: AbortSignal,
): Promise<ToolResult> {
  signal.throwIfAborted();
  const result = await execa(program, [...first, ...args], {
    cwd,
    // Besides the caller's whole environment, credentials included: Compose fills the variables of the file from it. The
    // same engine that odo talks to, whatever context the operator's client is set to.
    env: {
      DOCKER_HOST: engineAddress,
      DOCKER_CONTEXT: undefined,
      COMPOSE_ANSI: 'never',
      COMPOSE_MENU: 'false',
    },
    // No input: Compose would ask whether to make a volume anew, losing its data; without an answer it does not.
    stdin: 'ignore',
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: 10_000,
  });
  signal.throwIfAborted();
  const failure = result as unknown as Partial<ExecaError>;
  return {
    exitCode: result.exitCode ?? 127,
    stdout: String(result.stdout ?? ''),
    stderr: String(result.stderr ?? '') || (failure.code ? `${program}: ${failure.code}` : ''),
  };
}

/** What Compose said, fit for a message: values of the environment, which it quotes, left out. */
export function composeMessage({ stderr }: ToolResult): string {
  const lines = stderr.split('\n').flatMap((line) => {
    const text = line.replace(/^time="[^"]*" level=\w+ msg=/, '').trim();
    if (text === '' || / level=warning /.test(line)) return [];
    return [/environment|secret|password/i.test(text) ? text.replace(/"[^"]*"|'[^']*'/g, '…') : text];
  });
  return lines.slice(-3).join('; ') || 'it gave no reason';
}
