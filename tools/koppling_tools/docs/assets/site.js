// The pages are whole without this file. It adds the choice of colours, tabs, copying and the search.
(() => {
  "use strict";
  const root = document.documentElement;
  const remembered = {
    get(key) { try { return localStorage.getItem(`koppling-${key}`); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(`koppling-${key}`, value); } catch { /* a browser that remembers nothing */ } },
  };
  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  // ---- colours: the system's, until somebody chooses ----
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const colours = () => remembered.get("colours") || (dark.matches ? "dark" : "light");
  const paint = () => root.setAttribute("data-colours", colours());
  paint();
  dark.addEventListener("change", paint);

  const icons = {
    light: "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10M12 1v3M12 20v3M1 12h3M20 12h3M4.2 4.2l2.1 2.1M17.7 17.7l2.1 2.1M4.2 19.8l2.1-2.1M17.7 6.3l2.1-2.1",
    dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5",
  };
  const themeButton = (box) => {
    const button = make("button", { type: "button" });
    const show = () => {
      const other = colours() === "dark" ? "light" : "dark";
      button.setAttribute("aria-label", `Use ${other} colours`);
      button.title = `Use ${other} colours`;
      const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", width: 18, height: 18, fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-linecap": "round", "aria-hidden": "true" })) picture.setAttribute(key, value);
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", icons[other]);
      picture.append(path);
      button.replaceChildren(picture);
    };
    button.addEventListener("click", () => {
      const chosen = colours() === "dark" ? "light" : "dark";
      // what the system would choose anyway need not be remembered
      remembered.set("colours", chosen === (dark.matches ? "dark" : "light") ? "" : chosen);
      paint();
      show();
    });
    dark.addEventListener("change", show);
    show();
    box.append(button);
  };

  // ---- tabs: one choice for all groups of a kind, kept for the next page ----
  const groups = [];
  const select = (group, name, { focus = false } = {}) => {
    for (const [at, panel] of group.panels.entries()) {
      const chosen = panel.dataset.tab === name;
      panel.hidden = !chosen;
      group.buttons[at].setAttribute("aria-selected", String(chosen));
      group.buttons[at].tabIndex = chosen ? 0 : -1;
      if (chosen && focus) group.buttons[at].focus();
    }
  };
  const choose = (group, name, options) => {
    remembered.set(`tab-${group.kind}`, name);
    const shared = group.kind === "call" ? groups.filter((one) => one.kind === "call") : [group];
    for (const one of shared) {
      if (one.panels.some((panel) => panel.dataset.tab === name)) select(one, name, one === group ? options : {});
    }
  };
  const tabs = (box, number) => {
    const panels = [...box.children].filter((one) => one.dataset.tab !== undefined);
    if (panels.length < 2) return;
    const group = { kind: box.dataset.tabs, panels, buttons: [] };
    const list = make("div", { class: "tablist", role: "tablist", "aria-label": box.dataset.label || "" });
    panels.forEach((panel, at) => {
      const heading = panel.querySelector("h2, .label");
      const words = [...heading.childNodes].find((one) => one.nodeType === Node.TEXT_NODE).textContent.trim();
      panel.id ||= `panel-${number}-${at}`;
      const button = make("button", { type: "button", role: "tab", id: `tab-${number}-${at}`, "aria-controls": panel.id }, words);
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", button.id);
      button.addEventListener("click", () => choose(group, panel.dataset.tab));
      button.addEventListener("keydown", (event) => {
        const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: panels.length - 1 };
        if (!(event.key in steps)) return;
        event.preventDefault();
        choose(group, panels[(steps[event.key] + panels.length) % panels.length].dataset.tab, { focus: true });
      });
      group.buttons.push(button);
      list.append(button);
    });
    box.prepend(list);
    box.classList.add("on");
    groups.push(group);
    const before = remembered.get(`tab-${group.kind}`);
    select(group, panels.some((one) => one.dataset.tab === before) ? before : panels[0].dataset.tab);
  };
  const reveal = () => {
    let target = null;
    try { target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { return; }
    if (!target) return;
    for (let one = target; one; one = one.parentElement) {
      if (one.tagName === "DETAILS") one.open = true;
      const group = groups.find((each) => each.panels.includes(one));
      if (group) select(group, one.dataset.tab);
    }
    target.scrollIntoView();
  };

  // ---- copying ----
  const copier = (text, label) => {
    const button = make("button", { type: "button", class: "copy", "aria-label": `Copy ${label}` }, "Copy");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not allowed";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    return button;
  };

  // ---- search ----
  const loadIndex = () => {
    loadIndex.wait ||= new Promise((resolve, reject) => {
      const script = make("script", { src: `${root.dataset.root}search.js` });
      script.addEventListener("load", () => resolve(window.kopplingIndex));
      script.addEventListener("error", reject);
      document.head.append(script);
    });
    return loadIndex.wait;
  };
  const order = { connector: 0, module: 1, operation: 2, field: 3 };
  // Every word has to be found; a whole name counts most, then the beginning of a word, then anything.
  const score = (words, [kind, title, name, above, , state]) => {
    const own = `${title} ${name}`.toLowerCase();
    const all = `${own} ${above.toLowerCase()}`;
    let sum = 0;
    for (const word of words) {
      if (!all.includes(word)) return 0;
      if (name.toLowerCase() === word || title.toLowerCase() === word) sum += 12;
      else if (own.split(/[\s._@/-]+/).some((one) => one === word)) sum += 8;
      else if (own.split(/[\s._@/-]+/).some((one) => one.startsWith(word))) sum += 6;
      else if (own.includes(word)) sum += 4;
      else sum += 1;
    }
    if (!words.some((word) => own.includes(word))) return 0;
    return sum - order[kind] - (state === "retired" ? 3 : 0) - name.split(".").length / 10;
  };
  const marked = (text, words) => {
    const found = words.map((word) => [text.toLowerCase().indexOf(word), word.length]).find(([at]) => at >= 0);
    if (!found) return [text];
    const [at, length] = found;
    return [text.slice(0, at), make("mark", {}, text.slice(at, at + length)), text.slice(at + length)];
  };
  const search = (box) => {
    const input = make("input", { type: "search", placeholder: "Search", "aria-label": "Search modules, operations and fields", role: "combobox", "aria-expanded": "false", "aria-controls": "found", "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false" });
    const list = make("ul", { class: "found", id: "found", role: "listbox", "aria-label": "Found", hidden: "" });
    const status = make("p", { class: "unseen", role: "status" });
    box.setAttribute("role", "search");
    box.append(input, make("kbd", { "aria-hidden": "true" }, "/"), list, status);
    let chosen = -1;
    const options = () => [...list.querySelectorAll("[role=option]")];
    const close = () => {
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    };
    const mark = (at) => {
      const all = options();
      chosen = all.length ? (at + all.length) % all.length : -1;
      all.forEach((one, each) => one.setAttribute("aria-selected", String(each === chosen)));
      if (chosen < 0) return;
      input.setAttribute("aria-activedescendant", all[chosen].id);
      all[chosen].scrollIntoView({ block: "nearest" });
    };
    const show = async () => {
      const text = input.value.trim().toLowerCase();
      if (!text) { close(); return; }
      let index;
      try { index = await loadIndex(); } catch { return; }
      if (text !== input.value.trim().toLowerCase()) return;
      const words = text.split(/\s+/);
      const best = index.map((row) => [score(words, row), row]).filter(([sum]) => sum > 0)
        .sort((one, other) => other[0] - one[0]).slice(0, 30);
      list.replaceChildren(...best.map(([, [kind, title, name, above, address, state]], at) => {
        const head = make("span", {}, ...marked(title || name, words));
        if (title) head.append(" ", make("code", {}, ...marked(name, words)));
        const link = make("a", { href: root.dataset.root + address, tabindex: "-1" }, head, make("span", { class: "kind" }, state ? `${kind}, ${state}` : kind));
        if (above) link.append(make("span", { class: "where" }, above));
        const option = make("li", { role: "option", id: `found-${at}`, "aria-selected": "false" }, link);
        link.addEventListener("click", close);
        return option;
      }));
      if (!best.length) list.append(make("li", { class: "none" }, "Nothing found."));
      status.textContent = `${best.length} found`;
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      mark(0);
    };
    input.addEventListener("focus", () => { loadIndex().catch(() => {}); if (input.value) show(); });
    input.addEventListener("input", show);
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        mark(chosen + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Enter") {
        const one = options()[chosen];
        if (one && !list.hidden) { event.preventDefault(); one.querySelector("a").click(); input.blur(); }
      } else if (event.key === "Escape") {
        if (list.hidden) input.blur();
        close();
      }
    });
    document.addEventListener("pointerdown", (event) => { if (!box.contains(event.target)) close(); });
    document.addEventListener("keydown", (event) => {
      const busy = event.target.closest?.("input, textarea, select, [contenteditable]");
      if (event.key !== "/" || busy || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.focus();
      input.select();
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-theme]").forEach(themeButton);
    document.querySelectorAll("[data-search]").forEach(search);
    document.querySelectorAll("[data-tabs]").forEach(tabs);
    document.querySelectorAll("[data-copy]").forEach((one) => one.after(copier(one.dataset.copy, one.dataset.copy)));
    const today = new Date().toISOString().slice(0, 10);
    document.querySelectorAll(".stale").forEach((one) => { one.hidden = today < one.dataset.from; });
    addEventListener("hashchange", reveal);
    reveal();
  });
})();
