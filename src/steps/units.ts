/** Messages of the steps and reports write sizes alike. */
export { formatBytes } from '../report/units.ts';
