// Where files come in: the file chooser, a drop anywhere on the page, and files that the operating system opens with the
// installed app. All three end in `onFiles(File[])`, or in `onError(sentence)`. Nothing is read here; the browser only hands over
// handles, so a large file costs nothing until it is examined.
import { kLargestClipFileBytes, kLargestClipInPiecesBytes, kLargestFileBytes, tooLarge } from './examination.mjs';

// The most files of one drop: a WFDB record with a signal file per lead, and room. More is a folder of several people.
const kMostFiles = 64;
const kMostPictures = 512;  // frames of a clip
const kMostFoldersDeep = 3;
// A clip may be larger than an ECG; a DICOM file may have any name.
const isClipName = (name) => mayBeInPieces(name) || /\.(gif|mp4|m4v|mov|webm)$/i.test(name);
const mayBeInPieces = (name) => !name.includes('.') || /\.(dcm|dicom|ima|avi)$/i.test(name);

/** A sentence saying why these files cannot be one person's examination, or null. */
function obstacle(files) {
  if (files.length === 0) return 'There is no file in what was dropped.';
  const most = files.every(({ type }) => type.startsWith('image/')) ? kMostPictures : kMostFiles;
  if (files.length > most) return `These are ${files.length} files; open the files of one recording at a time.`;
  const limit = ({ name }) => (mayBeInPieces(name) ? kLargestClipInPiecesBytes : isClipName(name) ? kLargestClipFileBytes : kLargestFileBytes);
  const large = files.find((file) => file.size > limit(file));
  return large ? tooLarge(large.name, large.size, limit(large)).message : null;
}

/** Files inside dropped folders too; hidden files (.DS_Store and the like) are left out. */
async function filesOfEntry(entry, depth = 0) {
  if (entry.name.startsWith('.')) return [];
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  if (depth >= kMostFoldersDeep) return [];
  const reader = entry.createReader();
  const files = [];
  for (;;) {
    // Chromium hands out at most 100 entries a time; an empty batch is the end.
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0 || files.length > kMostPictures) return files;
    for (const child of batch) files.push(...await filesOfEntry(child, depth + 1));
  }
}

async function filesOfDrop(transfer) {
  // Entries must be taken before the first await: the drop's data is gone after it.
  const entries = [...transfer.items].filter((item) => item.kind === 'file').map((item) => item.webkitGetAsEntry?.() ?? null);
  const plain = [...transfer.files];
  if (!entries.some((entry) => entry?.isDirectory)) return plain;
  return (await Promise.all(entries.filter(Boolean).map((entry) => filesOfEntry(entry)))).flat();
}

export function watchForFiles({ input, dropHint, onFiles, onError }) {
  const accept = (files) => {
    const sentence = obstacle(files);
    if (sentence) onError(sentence);
    else onFiles(files);
  };

  input.addEventListener('change', () => {
    const files = [...input.files];
    input.value = '';  // choosing the same file again is a change again
    if (files.length > 0) accept(files);
  });

  // dragenter and dragleave also fire for every element on the way; the depth tells when the pointer really left.
  let depth = 0;
  const carriesFiles = (event) => event.dataTransfer?.types.includes('Files');
  const show = (visible) => { dropHint.hidden = !visible; };
  window.addEventListener('dragenter', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth += 1;
    show(true);
  });
  window.addEventListener('dragleave', (event) => {
    if (!carriesFiles(event)) return;
    depth = Math.max(0, depth - 1);
    if (depth === 0) show(false);
  });
  window.addEventListener('dragover', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
  });
  window.addEventListener('drop', async (event) => {
    event.preventDefault();  // whatever is dropped, the browser must not leave the page for it
    depth = 0;
    show(false);
    if (!carriesFiles(event)) return;
    try {
      accept(await filesOfDrop(event.dataTransfer));
    } catch {
      onError('What was dropped could not be read; open the files with the button instead.');
    }
  });

  // The installed app as a file handler (manifest.webmanifest: file_handlers).
  window.launchQueue?.setConsumer(async ({ files: handles }) => {
    if (!handles?.length) return;
    try {
      accept(await Promise.all(handles.map((handle) => handle.getFile())));
    } catch {
      onError('The file could not be read; open it with the button instead.');
    }
  });
}
