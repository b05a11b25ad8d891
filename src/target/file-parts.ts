/** Parts of a file meet at multiples of this: no block and no memory page is written by two. @unit bytes */
export const partBytes = 64 * 1024;
