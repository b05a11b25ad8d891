import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export const deployDirectory = join(import.meta.dirname, '../../deploy');

/** A file of `deploy/`, as an operator copies it. */
export const deployFile = (path: string): Promise<string> => readFile(join(deployDirectory, path), 'utf8');
