/** Ends what global-setup.js started; without it, all of it ends with the enclosure. */
export default async () => {
  await globalThis.espalierStopNode?.();
};
