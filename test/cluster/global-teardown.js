/** Ends what global-setup.js started; without it, all of it ends with the process. */
export default async () => {
  await globalThis.espalierControlPlane?.stop();
};
