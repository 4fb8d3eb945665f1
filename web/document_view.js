// Shows a text file of the app itself (a model card, a licence) in a sheet. Markdown is turned into elements one by one, never
// into HTML text: headings, paragraphs, lists, tables, code blocks, and bold, code and links inside a line.

function inline(text) {
  const nodes = [];
  const pattern = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)\s]+)\)|<(https?:[^>\s]+)>/g;
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    nodes.push(text.slice(end, match.index));
    const [, code, bold, label, target, address] = match;
    const element = document.createElement(code !== undefined ? 'code' : bold !== undefined ? 'strong' : 'span');
    // Addresses are written out, not linked: the app never leaves its own origin.
    element.textContent = code ?? bold ?? address ?? (/^https?:/.test(target) ? `${label} (${target})` : label);
    nodes.push(element);
    end = match.index + match[0].length;
  }
  nodes.push(text.slice(end));
  return nodes;
}

function element(name, text) {
  const made = document.createElement(name);
  made.append(...inline(text));
  return made;
}

function table(lines) {
  const made = document.createElement('table');
  const cells = (line) => line.replace(/^\s*\||\|\s*$/g, '').split('|').map((cell) => cell.trim());
  lines.filter((line) => !/^[\s|:-]+$/.test(line)).forEach((line, index) => {
    made.insertRow().append(...cells(line).map((cell) => element(index === 0 ? 'th' : 'td', cell)));
  });
  const frame = document.createElement('div');
  frame.className = 'table';
  frame.append(made);
  return frame;
}

const kBullet = /^\s*(?:[-*+]|\d+[.)])\s+/;

/** Elements of a Markdown text. */
export function markdownElements(text) {
  const out = [];
  const lines = text.replace(/\r\n?/g, '\n').replace(/^---\n[\s\S]*?\n---\n/, '').split('\n');
  for (let i = 0; i < lines.length;) {
    const take = (matches) => {
      const from = i;
      while (i < lines.length && matches(lines[i])) i += 1;
      return lines.slice(from, i);
    };
    const line = lines[i];
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (line.trim() === '') {
      i += 1;
    } else if (heading) {
      out.push(element(`h${Math.min(heading[1].length + 1, 6)}`, heading[2]));
      i += 1;
    } else if (line.startsWith('```')) {
      i += 1;
      const block = document.createElement('pre');
      block.textContent = take((next) => !next.startsWith('```')).join('\n');
      out.push(block);
      i += 1;
    } else if (line.trimStart().startsWith('|')) {
      out.push(table(take((next) => next.trimStart().startsWith('|'))));
    } else if (kBullet.test(line)) {
      const items = [];
      for (const next of take((candidate) => candidate.trim() !== '' && !/^#{1,6}\s|^```/.test(candidate))) {
        if (kBullet.test(next) || items.length === 0) items.push(next.replace(kBullet, ''));
        else items[items.length - 1] += ` ${next.trim()}`;
      }
      const list = document.createElement(/^\s*\d/.test(line) ? 'ol' : 'ul');
      list.append(...items.map((item) => element('li', item)));
      out.push(list);
    } else {
      i += 1;
      const more = take((next) => next.trim() !== '' && !/^#{1,6}\s|^```|^\s*\|/.test(next) && !kBullet.test(next));
      out.push(element('p', [line, ...more].join(' ')));
    }
  }
  return out;
}

function plainElements(text) {
  const block = document.createElement('pre');
  block.textContent = text;
  return [block];
}

/** Only files that the app ships as documents; a path can never lead elsewhere. */
const kDocumentPath = /^(?:models|docs|assets)\/(?:[\w.-]+\/)*[\w.-]+\.(?:md|txt)$|^(?:LICENSE|third-party-notices)(?:\.txt)?$/;

export function createDocumentView({ dialog, title, body, onError }) {
  dialog.querySelector('button[value="close"]').addEventListener('click', () => dialog.close());
  return {
    async open(path) {
      if (!kDocumentPath.test(path) || path.includes('..')) return onError('There is no such document.');
      let text;
      try {
        const response = await fetch(path);
        if (!response.ok) throw new Error(String(response.status));
        text = await response.text();
      } catch {
        return onError(`The document ${path} could not be loaded; it is not stored on this device yet.`);
      }
      const elements = path.endsWith('.md') ? markdownElements(text) : plainElements(text);
      const first = elements[0]?.matches('h2') ? elements.shift() : null;
      title.textContent = first?.textContent ?? path;
      body.replaceChildren(...elements);
      dialog.showModal();
      body.scrollTop = 0;
    },
    close: () => dialog.close(),
  };
}
