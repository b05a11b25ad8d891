import { OdoError } from '../errors/odo-error.ts';
import type { WorkTree } from './tree.ts';

/** The tree of something that does not exist: every use says so. */
export function absentTree(description: string): WorkTree {
  const fail = async (): Promise<never> => {
    throw new OdoError('TARGET_NOT_FOUND', `The ${description} does not exist.`);
  };
  return {
    description,
    localPath: null,
    localPathOf: () => null,
    openWriter: fail,
    readFile: fail,
    readPart: fail,
    writeFile: fail,
    createFile: fail,
    rename: fail,
    remove: fail,
    list: fail,
    handOver: fail,
    removeFiles: fail,
    bootId: fail,
    clear: fail,
    own: fail,
    sync: fail,
    freeBytes: fail,
    usedBytes: fail,
  };
}
