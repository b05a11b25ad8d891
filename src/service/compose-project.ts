import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ContainerInfo } from '../docker/client.ts';
import { OdoError } from '../errors/odo-error.ts';
import type { ComposeProject } from './compose-cli.ts';

export const projectLabel = 'com.docker.compose.project';
export const serviceLabel = 'com.docker.compose.service';
/** `True` on the containers of `docker compose run`. */
export const oneOffLabel = 'com.docker.compose.oneoff';
const filesLabel = 'com.docker.compose.project.config_files';
const environmentFilesLabel = 'com.docker.compose.project.environment_file';

/**
 * The files a project is made of. Whoever started it may have given more than one (an override file, an
 * environment file): without them Compose would make the service anew without its other half. Compose notes them
 * on the containers; where there is none yet, the override file is taken that Compose takes by itself.
 * `containers`: of the service of that name, in any project.
 */
export function composeProject(
  spec: { readonly file: string; readonly project: string | null },
  containers: readonly ContainerInfo[],
): ComposeProject {
  const named = spec.project ?? (process.env['COMPOSE_PROJECT_NAME'] || null);
  const ours = containers.filter(
    ({ Labels }) =>
      paths(Labels[filesLabel]).includes(spec.file) && (named === null || Labels[projectLabel] === named),
  );
  const newest = ours.toSorted((one, other) => other.Created - one.Created)[0];
  const files = paths(newest?.Labels[filesLabel]);
  const environmentFiles = paths(newest?.Labels[environmentFilesLabel]);
  return {
    files: files.length > 0 && files.every((file) => existsSync(file)) ? files : withOverride(spec.file),
    environmentFiles: environmentFiles.filter((file) => existsSync(file)),
    name: spec.project,
  };
}

const paths = (label: string | undefined): string[] => (label ?? '').split(',').filter((path) => path !== '');

/** Compose's own names (compose-go, cli.DefaultFileNames and DefaultOverrideFileNames). */
function withOverride(file: string): string[] {
  const [, stem] = /^((?:docker-)?compose)\.ya?ml$/.exec(basename(file)) ?? [];
  if (stem === undefined) return [file];
  const names = [`${stem}.override.yml`, `${stem}.override.yaml`];
  const override = names.map((name) => join(dirname(file), name)).find((path) => existsSync(path));
  return override === undefined ? [file] : [file, override];
}

/**
 * The service's containers in this project. When there are none, but the same file runs under another project
 * name, that one is meant, and to go on would start a second server beside it. When they were made from another file that
 * is still there, two projects have one name, as those in directories of one name do: volume and containers are the
 * other's, unless the operator names the project.
 * @throws SERVICE_CONFLICT
 */
export function containersOfProject(
  containers: readonly ContainerInfo[],
  project: string,
  spec: { readonly file: string; readonly project: string | null; readonly service: string },
): ContainerInfo[] {
  const ours = containers.filter(
    ({ Labels }) => Labels[projectLabel] === project && Labels[oneOffLabel]?.toLowerCase() !== 'true',
  );
  const isNamed = spec.project !== null || Boolean(process.env['COMPOSE_PROJECT_NAME']);
  const other = containers.find(({ Labels }) => paths(Labels[filesLabel]).includes(spec.file))?.Labels[
    projectLabel
  ];
  if (ours.length === 0 && !isNamed && other !== undefined && other !== project) {
    throw new OdoError(
      'SERVICE_CONFLICT',
      `The service ${spec.service} of ${spec.file} has a container in the Compose project ${other}, not in ${project}.`,
      { hint: `Name the project that is meant: COMPOSE_PROJECT_NAME=${other}`, details: { project, other } },
    );
  }
  const strangers = isNamed ? undefined : ours.find((container) => isOfOtherFile(container, spec.file));
  if (strangers !== undefined) {
    const file = paths(strangers.Labels[filesLabel]).join(', ');
    throw new OdoError(
      'SERVICE_CONFLICT',
      `The Compose project ${project} has a container of the service ${spec.service} that was made from ${file}, not from ${spec.file}: two projects have one name, and the volume is probably the other's.`,
      {
        hint: `Name the file that is meant with -f, or, if both are one project: --project ${project}`,
        details: { project, file },
      },
    );
  }
  return ours;
}

/** Not when that file is gone: the project may have moved, or was started from within a container. */
function isOfOtherFile({ Labels }: ContainerInfo, file: string): boolean {
  const files = paths(Labels[filesLabel]);
  if (files.length === 0 || !files.every((one) => existsSync(one))) return false;
  const real = realpathSync(file);
  return !files.some((one) => realpathSync(one) === real);
}
