// The basket lives in sessionStorage from page to page; everything else works without this file.
(() => {
  "use strict";
  const page = document, $ = (query, from = page) => from.querySelector(query), $$ = (query, from = page) => [...from.querySelectorAll(query)];
  const body = page.body, w = body.dataset, root = w.root;
  const on = (event, act) => page.addEventListener(event, act);
  page.documentElement.classList.add("has-js");
  if (!w.store) return;
  const store = "tonnage " + w.store;
  const read = () => { try { return JSON.parse(sessionStorage.getItem(store)) || []; } catch { return []; } };
  let basket = read(), asking = null;

  const save = (all) => {
    basket = [...new Set(all)].filter(Boolean);
    sessionStorage.setItem(store, JSON.stringify(basket));
    show();
  };
  const has = (target) => basket.includes(target);
  const without = (target) => basket.filter((each) => each !== target);
  const toggle = (target) => save(has(target) ? without(target) : [...basket, target]);
  const make = (name, text, values = {}) => {
    const made = page.createElement(name);
    made.textContent = text;
    for (const key in values) made.setAttribute(key, values[key]);
    return made;
  };

  // rows of links that are wider than a phone begin at the one for this page
  for (const at of $$("nav [aria-current]")) at.scrollIntoView({ block: "nearest", inline: "nearest" });

  // what the page shows of the basket
  const show = () => {
    const link = $("#basket-link");
    link.textContent = w.basket + (basket[0] ? " " + basket.length.toLocaleString("en") : "");
    for (const box of $$('input[name="target"]')) box.checked = has(box.value);
    for (const button of $$("button[data-target]")) button.setAttribute("aria-pressed", has(button.dataset.target));
    for (const cell of $$(".cell[data-target]")) cell.classList.toggle("in", has(cell.dataset.target));
    const tray = $("#tray");
    tray.hidden = !basket[0] || w.page === "basket";
    body.classList.toggle("has-tray", !tray.hidden);
    if (tray.hidden) return paint({});
    if (!tray.firstChild) {
      const text = make("div", "");
      text.append(make("p", w.working, { "aria-live": "polite", id: "tray-frees" }), make("p", "", { id: "tray-more" }));
      const clear = make("button", w.clear, { type: "button", class: "plain" });
      clear.onclick = () => save([]);
      tray.append(text, clear, make("a", w.review, { class: "button main", href: root + "basket" }));
    }
    ask();
  };
  const send = (Accept, all, query = "", signal) => fetch(root + "basket" + query, { method: "POST", signal, body: all.join("\n"), headers: { "Content-Type": "text/plain", Accept } });
  const ask = async () => {
    if (asking) asking.abort();
    const it = asking = new AbortController();
    say(w.working, "", "");
    try {
      const map = $("[data-map]");
      const query = map ? "?map=" + encodeURIComponent(map.dataset.map) : "";
      const got = await send("application/json", basket, query, it.signal);
      if (!got.ok) throw new Error((await got.text()).trim());
      const found = await got.json();
      say(found.frees, found.stays, found.more);
      paint(found.shares);
    } catch (error) {
      if (error.name !== "AbortError") { say(w.failed + " " + error.message, "", ""); paint({}); }
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
      if (!share || cell.matches("[class*=c-group]")) continue;
      const green = rect.cloneNode(), whole = rect.height.baseVal.value, height = whole * share;
      green.setAttribute("class", "goes");
      green.setAttribute("y", rect.y.baseVal.value + whole - height);
      green.setAttribute("height", height);
      ($(".over", cell) || rect).after(green);
    }
  };

  // the basket's own page: what was sent is what it holds; what the browser keeps is sent
  const tell = (text) => { for (const it of $$("main .empty")) it.textContent = text; };
  const review = async (all) => {
    tell(w.working);
    try {
      $("main").replaceWith($("main", new DOMParser().parseFromString(await (await send("text/html", all)).text(), "text/html")));
      show();
    } catch (error) { tell(w.failed + " " + error.message); }
  };
  const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
  if (w.page === "basket") {
    const sent = $("#targets");
    if (sent && sent.value.trim()) save(lines(sent.value));
    else if (basket[0]) review(basket);
  }

  on("change", ({ target: it }) => {
    if (it.name === "target") save(it.checked ? [...basket, it.value] : without(it.value));
  });
  on("click", (e) => {
    const it = e.target.closest("button");
    if (!it) return;
    if (it.dataset.target) toggle(it.dataset.target);
    if (it.dataset.copy) navigator.clipboard.writeText(it.dataset.copy);
  });
  on("submit", async (e) => {
    const form = e.target, by = e.submitter || {};
    if (form.dataset.targets) {
      e.preventDefault();
      save([...basket, ...lines(await (await fetch(form.dataset.targets)).text())]);
    } else if ("put" in form.dataset) {
      e.preventDefault();
      save([...basket, ...lines($("textarea", form).value)]);
    } else if (w.page === "basket" && form.getAttribute("action").endsWith("basket") && by.name !== "predict") {
      e.preventDefault();
      const all = lines($("textarea", form).value);
      if (by.name === "add") all.push(by.value);
      else for (const more of $$("input[name=add]", form)) all.push(more.value);
      save(by.name === "remove" ? all.filter((each) => each !== by.value) : all);
      review(basket);
    }
  });

  // keys
  const near = (cell, key) => {
    const middle = (of) => { const { x, y, width, height } = of.getBoundingClientRect(); return [x + width / 2, y + height / 2]; };
    const [x, y] = middle(cell), across = /t$/.test(key), sign = /Left|Up/.test(key) ? -1 : 1;
    let best, least = 1e9;
    for (const other of $$(".cell:not([class*=c-group])", cell.closest("svg"))) {
      const [ox, oy] = middle(other), ahead = sign * (across ? ox - x : oy - y), aside = Math.abs(across ? oy - y : ox - x);
      if (ahead > 1 && ahead + 2 * aside < least) { best = other; least = ahead + 2 * aside; }
    }
    return best;
  };
  on("keydown", (e) => {
    const at = page.activeElement;
    if (e.ctrlKey && e.key === "Enter" && at.id === "query") return at.form.requestSubmit();
    if (e.ctrlKey || e.metaKey || e.altKey || at.matches("input:not([type=checkbox]), textarea, select")) return;
    const cell = at.closest(".cell"), up = $('a[rel="up"]');
    if (e.key === "/") $("#search").focus();
    else if (e.key === "?") $("#keys").showModal();
    else if ((e.key === "u" || e.key === "Backspace") && up) location.href = up.href;
    else if (e.key === "b") {
      const row = at.closest("tr"), box = row && $("input[name=target]", row);
      if (cell && cell.dataset.target) toggle(cell.dataset.target);
      else if (box) toggle(box.value);
      else return;
    } else if (cell && e.key.startsWith("Arrow")) { const next = near(cell, e.key); if (next) next.focus(); else return; }
    else return;
    e.preventDefault();
  });

  // the slider of the curve, and completion of names in SQL
  const range = $(".free input[type=range]");
  if (range) range.oninput = () => { $("#bytes").value = range.form.dataset.points.split(" ")[range.value]; };
  const query = $("#query");
  if (query) {
    const names = [...new Set($$(".catalog summary, .catalog code").map((each) => each.textContent))].sort();
    let list;
    const close = () => { list = list?.remove(); };
    const begun = () => /\w*$/.exec(query.value.slice(0, query.selectionStart))[0];
    const take = (name) => { query.setRangeText(name, query.selectionStart - begun().length, query.selectionStart, "end"); close(); query.focus(); };
    const open = () => {
      close();
      const word = begun(), found = names.filter((name) => word[1] && name.startsWith(word) && name !== word).slice(0, 8);
      if (!found[0]) return;
      list = make("ul", "", { role: "listbox", "aria-label": "SQL" });
      for (const name of found) {
        list.append(make("li", name, { role: "option", "aria-selected": name === found[0] }));
        list.lastChild.onmousedown = () => take(name);
      }
      query.after(list);
    };
    query.oninput = open;
    query.onblur = close;
    query.onkeydown = (e) => {
      if (!list) return;
      if (e.key === "Tab" || e.key === "Enter" && !e.ctrlKey) take($("li", list).textContent);
      else if (e.key === "Escape") close();
      else return;
      e.preventDefault();
    };
  }

  // a newer inventory does not move figures under the reader: it is offered
  setInterval(async () => {
    try {
      const found = await (await fetch(root + "-/inventory")).json();
      if (found.scan && found.scan != w.scan && !$(".newer")) body.append(make("a", w.newer, { class: "newer", href: location.href }));
    } catch {}
  }, 30000);
  show();
})();
