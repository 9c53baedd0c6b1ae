// The basket lives in sessionStorage from page to page; everything else works without this file.
(() => {
  "use strict";
  const $ = (query, from = document) => from.querySelector(query);
  const $$ = (query, from = document) => [...from.querySelectorAll(query)];
  const body = document.body, words = body.dataset, root = words.root;
  document.documentElement.classList.add("has-js");
  if (!words.store) return;
  const store = "tonnage " + words.store;
  const read = () => { try { return JSON.parse(sessionStorage.getItem(store)) || []; } catch { return []; } };
  let basket = read(), asking = null;

  const save = (targets) => {
    basket = [...new Set(targets)].filter(Boolean);
    sessionStorage.setItem(store, JSON.stringify(basket));
    show();
  };
  const has = (target) => basket.includes(target);
  const toggle = (target) => save(has(target) ? basket.filter((each) => each !== target) : [...basket, target]);
  const make = (name, text, attributes = {}) => {
    const element = document.createElement(name);
    element.textContent = text;
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    return element;
  };

  // what the page shows of the basket
  const show = () => {
    const link = $("#basket-link");
    link.textContent = words.basket + (basket.length ? " " + basket.length.toLocaleString("en") : "");
    for (const box of $$('input[name="target"]')) box.checked = has(box.value);
    for (const button of $$("button[data-target]")) button.setAttribute("aria-pressed", has(button.dataset.target));
    for (const cell of $$(".cell[data-target]")) cell.classList.toggle("in", has(cell.dataset.target));
    const tray = $("#tray");
    tray.hidden = !basket.length || words.page === "basket";
    body.classList.toggle("has-tray", !tray.hidden);
    if (tray.hidden) { paint({}); return; }
    if (!tray.firstChild) {
      const text = make("div", "");
      text.append(make("p", words.working, { "aria-live": "polite", id: "tray-frees" }), make("p", "", { id: "tray-more" }));
      const clear = make("button", words.clear, { type: "button", class: "plain" });
      clear.onclick = () => save([]);
      tray.append(text, clear, make("a", words.review, { class: "button main", href: root + "basket" }));
    }
    ask();
  };
  const ask = async () => {
    if (asking) asking.abort();
    const mine = asking = new AbortController();
    say(words.working, "", "");
    try {
      const map = $("[data-map]");
      const query = map ? "?map=" + encodeURIComponent(map.dataset.map) : "";
      const answer = await fetch(root + "basket" + query, { method: "POST", signal: mine.signal, body: basket.join("\n"), headers: { "Content-Type": "text/plain", Accept: "application/json" } });
      if (!answer.ok) throw new Error((await answer.text()).trim());
      const found = await answer.json();
      say(found.frees, found.stays, found.more);
      paint(found.shares);
    } catch (error) {
      if (error.name !== "AbortError") { say(words.failed + " " + error.message, "", ""); paint({}); }
    }
  };
  const say = (frees, stays, more) => {
    $("#tray-frees").replaceChildren(make("b", frees), " " + stays);
    $("#tray-more").textContent = more;
  };
  const paint = (shares) => {
    for (const old of $$(".goes")) old.remove();
    for (const cell of $$(".cell[data-key]")) {
      const share = shares[cell.dataset.key], rect = $("rect", cell);
      if (!share || /c-group/.test(cell.getAttribute("class"))) continue;
      const green = rect.cloneNode();
      green.setAttribute("class", "goes");
      const height = rect.getAttribute("height") * share;
      green.setAttribute("y", +rect.getAttribute("y") + +rect.getAttribute("height") - height);
      green.setAttribute("height", height);
      ($(".over", cell) || rect).after(green);
    }
  };

  // the basket's own page: what was sent is what it holds; what the browser keeps is sent
  const review = async (targets) => {
    const answer = await fetch(root + "basket", { method: "POST", body: targets.join("\n"), headers: { "Content-Type": "text/plain", Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    $("main").replaceWith($("main", page));
    show();
  };
  const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
  if (words.page === "basket") {
    const sent = $("#targets");
    if (sent && sent.value.trim()) save(lines(sent.value));
    else if (basket.length) review(basket);
  }

  document.addEventListener("change", (event) => {
    const it = event.target;
    if (it.name === "target") save(it.checked ? [...basket, it.value] : basket.filter((each) => each !== it.value));
  });
  document.addEventListener("click", (event) => {
    const it = event.target.closest("button");
    if (!it) return;
    if (it.dataset.target) toggle(it.dataset.target);
    if (it.dataset.copy) navigator.clipboard.writeText(it.dataset.copy);
  });
  document.addEventListener("submit", async (event) => {
    const form = event.target, by = event.submitter;
    if (form.dataset.targets) {
      event.preventDefault();
      save([...basket, ...lines(await (await fetch(form.dataset.targets)).text())]);
    } else if ("put" in form.dataset) {
      event.preventDefault();
      save([...basket, ...lines($("textarea", form).value)]);
    } else if (words.page === "basket" && form.getAttribute("action").endsWith("basket") && !(by && by.name === "predict")) {
      event.preventDefault();
      let targets = lines($("textarea", form).value);
      if (by && by.name === "add") targets.push(by.value);
      else for (const more of $$('input[name="add"]', form)) targets.push(more.value);
      if (by && by.name === "remove") targets = targets.filter((each) => each !== by.value);
      save(targets);
      review(basket);
    }
  });

  // keys
  const near = (cell, key) => {
    const middle = (of) => { const box = of.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; };
    const [x, y] = middle(cell), across = key === "ArrowLeft" || key === "ArrowRight", sign = key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1;
    let best = null, least = Infinity;
    for (const other of $$(".cell:not([class*=c-group])", cell.closest("svg"))) {
      const [ox, oy] = middle(other), ahead = sign * (across ? ox - x : oy - y), aside = Math.abs(across ? oy - y : ox - x);
      if (ahead > 1 && ahead + 2 * aside < least) { best = other; least = ahead + 2 * aside; }
    }
    return best;
  };
  document.addEventListener("keydown", (event) => {
    const at = document.activeElement;
    if (event.ctrlKey && event.key === "Enter" && at.id === "query") return at.form.requestSubmit();
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName) && at.type !== "checkbox") return;
    const cell = at.closest && at.closest(".cell"), up = $('a[rel="up"]');
    if (event.key === "/") $("#search").focus();
    else if (event.key === "?") $("#keys").showModal();
    else if ((event.key === "u" || event.key === "Backspace") && up) location.href = up.href;
    else if (event.key === "b") {
      const box = $('input[name="target"]', at.closest("tr") || document.createElement("i"));
      if (cell && cell.dataset.target) toggle(cell.dataset.target);
      else if (box) toggle(box.value);
      else return;
    } else if (cell && event.key.startsWith("Arrow")) { const next = near(cell, event.key); if (next) next.focus(); else return; }
    else return;
    event.preventDefault();
  });

  // the slider of the curve, and completion of names in SQL
  const range = $('.free input[type="range"]');
  if (range) range.oninput = () => { $("#bytes").value = range.form.dataset.points.split(" ")[range.value]; };
  const query = $("#query");
  if (query) {
    const names = [...new Set($$(".catalog summary, .catalog code").map((each) => each.textContent))].sort();
    let list = null;
    const close = () => { if (list) list.remove(); list = null; };
    const begun = () => /\w*$/.exec(query.value.slice(0, query.selectionStart))[0];
    const take = (name) => { query.setRangeText(name, query.selectionStart - begun().length, query.selectionStart, "end"); close(); query.focus(); };
    const open = () => {
      close();
      const word = begun(), found = word.length > 1 ? names.filter((name) => name.startsWith(word) && name !== word).slice(0, 8) : [];
      if (!found.length) return;
      list = make("ul", "", { role: "listbox", "aria-label": "SQL" });
      for (const name of found) {
        const option = make("li", name, { role: "option", "aria-selected": name === found[0] });
        option.onmousedown = (event) => { event.preventDefault(); take(name); };
        list.append(option);
      }
      query.after(list);
    };
    query.oninput = open;
    query.onblur = close;
    query.onkeydown = (event) => {
      if (!list) return;
      const all = $$("li", list), at = all.findIndex((each) => each.ariaSelected === "true");
      if (event.key === "Tab" || event.key === "Enter" && !event.ctrlKey) take(all[at].textContent);
      else if (event.key === "Escape") close();
      else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        all[at].ariaSelected = "false";
        all[(at + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length].ariaSelected = "true";
      } else return;
      event.preventDefault();
    };
  }

  // a newer inventory does not move figures under the reader: it is offered
  setInterval(async () => {
    try {
      const found = await (await fetch(root + "-/inventory")).json();
      if (found.scan !== null && String(found.scan) !== words.scan && !$(".newer")) body.append(make("a", words.newer, { class: "newer", href: location.href }));
    } catch { /* asked again later */ }
  }, 30000);
  show();
})();
