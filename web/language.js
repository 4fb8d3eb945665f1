// The user's language in the DOM. The dashboard and the report are translated by the engine's own code (src/base/translate.h); here
// the page's fixed words are looked up in the same table, assets/languages.tsv, whose English column is the key. What the table
// does not have stays English. The choice is kept for this page only.
export const kLanguages = { en: 'English', fr: 'Français', es: 'Español', pt: 'Português', sw: 'Kiswahili' };

export function createLanguage({ onChange }) {
  let table = '';
  let words = new Map();
  let chosen = 'en';
  const english = new WeakMap();  // of text nodes and of attributes' elements

  function read(language) {
    words = new Map();
    const lines = table.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split('\t'));
    const column = lines[0]?.indexOf(language) ?? -1;
    if (column > 0) for (const cells of lines.slice(1)) if (cells[column]) words.set(cells[0], cells[column]);
  }

  const word = (text) => {
    const key = text.trim().replace(/\s+/g, ' ');
    const exact = words.get(key);
    if (exact) return text.replace(text.trim(), exact);
    // Sentence by sentence, as the engine does.
    const sentences = key.split(/(?<=[.?]) /);
    if (sentences.length > 1 && sentences.every((sentence) => words.has(sentence))) return sentences.map((sentence) => words.get(sentence)).join(' ');
    return text;
  };

  /** Puts every text under `root` into the language, and remembers its English. */
  function apply(root = document.body) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.nodeValue.trim() === '' || node.parentElement?.closest('script, style, [translate="no"]')) continue;
      const known = english.get(node);
      const original = known && known.shown === node.nodeValue ? known.english : node.nodeValue;
      const shown = chosen === 'en' ? original : word(original);
      if (node.nodeValue !== shown) node.nodeValue = shown;
      english.set(node, { english: original, shown });
    }
  }

  return {
    get current() { return chosen; },
    get table() { return table; },
    apply,
    async choose(language) {
      if (!Object.hasOwn(kLanguages, language)) return;
      if (table === '') {
        try {
          table = await (await fetch('assets/languages.tsv')).text();
        } catch {
          return;  // stays in the language it has
        }
      }
      chosen = language;
      read(language);
      document.documentElement.lang = language;
      apply();
      onChange(table, language);
    },
  };
}
