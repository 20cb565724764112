/** Digests in short; apart from other formats, since tabs are named before a page is loaded. Pure. */

/** The first characters of a digest, which are enough to tell it from others. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}
