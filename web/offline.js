// The page's side of the service worker: registers it, asks for new versions, and switches to one when the user agrees.
// What is stored, and how it is checked, is in service-worker.js.

/**
 * onState({offline_ready, update_available}) whenever that changes, and {clips_ready} once the network for clips is stored too; onDamaged(sentence) when a stored file was altered and cannot be
 * fetched again. It listens from the start, since a page that misses a file is told while it starts; store() begins storing and
 * looking for new versions, once the app runs. update() resolves to a sentence when the switch cannot happen now.
 */
export function createOffline({ onState, onDamaged }) {
  const container = navigator.serviceWorker;
  if (!container) {
    onState({ offline_ready: false, update_available: false });
    const sentence = 'This browser does not offer storage of the app (the address must be https or localhost).';
    return { store() {}, update: async () => sentence };
  }

  let answered = null;  // settles the update() in progress

  container.addEventListener('message', ({ data }) => {
    if (data.type === 'state') {
      onState({ offline_ready: data.offline_ready, update_available: data.update_available });
      if (data.offline_ready) storeRest();
    }
    if (data.type === 'damaged') {
      onDamaged(`A stored file of this app is damaged (${data.path}) and could not be fetched again; `
        + 'connect to the network once and reload.');
    }
    if (data.type === 'updated') {
      answered?.(null);
      location.reload();
    }
    if (data.type === 'update_refused') answered?.(data.message);
  });
  container.startMessages();

  let registered = null;
  const post = async (message) => (await registered)?.active?.postMessage(message);
  const check = () => post({ type: 'check' });

  // The network for clips is no part of the first install, whose size is limited; it is asked for once the rest is stored, and the service
  // worker keeps what passes through it. Without a network this fails, and the next start tries again.
  let rest = null;
  function storeRest() {
    rest ??= (async () => {
      if (!container.controller) await new Promise((resolve) => { container.addEventListener('controllerchange', resolve, { once: true }); });
      const { models } = await (await fetch('models/manifest.json')).json();
      for (const { artefacts, known_answers: answers } of models.filter(({ task }) => task === 'echo-segmentation')) {
        const { file } = artefacts.find(({ providers }) => providers.includes('wasm'));
        for (const path of [file, ...answers.map((answer) => answer.file)]) await (await fetch(`models/${path}`)).arrayBuffer();
      }
      onState({ clips_ready: true });
    })().catch(() => { rest = null; });
  }

  return {
    store() {
      // updateViaCache 'none': the worker script itself is always compared with the server's.
      registered = container.register('service-worker.js', { updateViaCache: 'none' })
        .then(() => container.ready).catch(() => null);  // refused (private mode, plain http): the app still works, online
      window.addEventListener('online', check);
      check();
    },

    async update() {
      const outcome = new Promise((resolve) => { answered = resolve; });
      await post({ type: 'update' });
      return outcome;
    },
  };
}
