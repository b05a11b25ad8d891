import type { RestorePlan } from '../../../steps/restore-plan.ts';
import type { Row } from './row.ts';

/** What of the backup's configuration is replaced or left out so that the server starts. */
export const configurationRows = ({ override }: RestorePlan): Row[] =>
  override === null
    ? []
    : [['replaced', `postgresql.auto.conf by ${override.path} (SHA-256 ${override.sha256.slice(0, 16)}…)`]];
