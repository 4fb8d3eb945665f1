// Files that another app shared with the installed one. The service worker holds them in memory until this page asks for them once
// (service-worker.js: takeShared); the page was opened at "?shared=1" for that.
const kWaitMs = 5000;

/** The shared files; an empty list when there are none or nobody answers. */
export async function takeSharedFiles() {
  const worker = navigator.serviceWorker?.controller;
  if (!worker) return [];
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve([]), kWaitMs);
    navigator.serviceWorker.addEventListener('message', function receive({ data }) {
      if (data?.type !== 'shared') return;
      navigator.serviceWorker.removeEventListener('message', receive);
      clearTimeout(timer);
      resolve(data.files);
    });
    worker.postMessage({ type: 'shared' });
  });
}
