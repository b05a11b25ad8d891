import type { OdoError } from '../errors/odo-error.ts';
import { azureDialect } from './azure-errors.ts';
import { gcsDialect } from './gcs-errors.ts';
import { s3Dialect } from './s3-errors.ts';
import { type StoreAttempt, type StoreDialect, type StoreKind, storeError } from './store-errors.ts';
import { webDialect } from './web-errors.ts';

const dialects: Readonly<Record<StoreKind, StoreDialect>> = {
  s3: s3Dialect,
  azure: azureDialect,
  gcs: gcsDialect,
  web: webDialect,
};

/** A refused or broken GET of any store as an OdoError. Loads no SDK: it runs in threads as well. */
export const httpError = (cause: unknown, attempt: StoreAttempt): OdoError =>
  storeError(cause, attempt, dialects[attempt.store]);
