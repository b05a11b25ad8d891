const MiB = 1024 ** 2;

/** Four of them are on their way at the same time. @unit bytes */
const smallest = 8 * MiB;
/** Up to 640 GB, for a server that does not tell how much it holds. @unit bytes */
const ofUnknown = 64 * MiB;
/** Of 10,000, with room for WAL and for tables that grow meanwhile. */
const parts = 5000;

/** How large each part of the upload is, so that a backup of that much fits into the parts that a store takes. */
export const partBytesFor = (dataBytes: number | null): number =>
  dataBytes === null ? ofUnknown : Math.max(smallest, Math.ceil(dataBytes / parts / MiB) * MiB);
