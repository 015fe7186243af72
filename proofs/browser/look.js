// What the tests ask of a page. It is given to the page by the browser, and is no part of it.
const look = (() => {
  const visible = (element) => element.checkVisibility({ visibilityProperty: true });
  const name = (element) =>
    `<${element.tagName.toLowerCase()} class="${element.getAttribute("class") ?? ""}"> ${element.textContent.trim().slice(0, 60)}`;

  // A colour as [red, green, blue, alpha]; `color(srgb ...)` has numbers from 0 to 1.
  const colour = (text) => {
    const numbers = text.match(/[\d.]+/g).map(Number);
    const scale = text.startsWith("color(") ? 255 : 1;
    return [...numbers.slice(0, 3).map((number) => number * scale), numbers[3] ?? 1];
  };
  const over = (front, back) => front.slice(0, 3).map((part, at) => part * front[3] + back[at] * (1 - front[3]));
  const background = (element) => {
    if (!element) return [255, 255, 255];
    const own = colour(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own.slice(0, 3) : over(own, background(element.parentElement));
  };
  const luminance = (rgb) => {
    const [red, green, blue] = rgb.map((part) => part / 255).map((p) => (p <= 0.04045 ? p / 12.92 : ((p + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ratio = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };

  return {
    openAll: () => document.querySelectorAll("details").forEach((details) => (details.open = true)),

    // What is wider than the window, though it does not scroll within itself. A phone's browser zooms out until all fits,
    // and `innerWidth` with it: what it was laid out for is the root's own width.
    overflow: () => ({
      width: document.documentElement.clientWidth,
      page: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      elements: [...document.querySelectorAll("body *")]
        .filter((element) => visible(element) && !element.closest("pre, .scroll, .skip, svg"))
        .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
        .map(name),
    }),

    headings: () => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map((heading) => Number(heading.tagName[1])),

    landmarks: () => ["header", "nav", "main", "footer"].map((tag) => document.querySelectorAll(`body > ${tag}`).length),

    // Texts, line numbers included, whose colour is too near to what is behind them.
    faint: () => {
      const found = [];
      const check = (element, style, what) => {
        const behind = background(element);
        const found_ratio = ratio(over(colour(style.color), behind), behind);
        if (found_ratio < 4.5) found.push(`${found_ratio.toFixed(2)}: ${what}`);
      };
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      let texts_seen = 0;
      while (texts.nextNode()) {
        const element = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !visible(element)) continue;
        texts_seen += 1;
        check(element, getComputedStyle(element), name(element));
      }
      for (const line of document.querySelectorAll(".l")) {
        if (visible(line)) check(line, getComputedStyle(line, "::before"), `number of ${name(line)}`);
      }
      return { found, texts: texts_seen };
    },

    // What a key has to reach, in order; each is numbered for `focused`.
    reachable: () => {
      const all = [...document.querySelectorAll("a[href], summary, [tabindex='0'], button, input, select, textarea")];
      const shown = all.filter(visible);
      shown.forEach((element, at) => (element.lookNumber = at));
      return shown.map(name);
    },

    // What has the focus, and whether a person can see that.
    focused: () => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      const place = element.getBoundingClientRect();
      return {
        number: element.lookNumber ?? null,
        outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        contrast: ratio(colour(style.outlineColor).slice(0, 3), background(element.parentElement)),
        shown: place.width > 0 && place.height > 0 && place.bottom > 0 && place.top < innerHeight && place.right > 0 && place.left < innerWidth,
      };
    },

    // What only an attack can have made.
    foreign: () => [
      ...document.querySelectorAll("script, iframe, img, object, embed, form, input, button, base, link, audio, video, foreignObject"),
      ...[...document.querySelectorAll("*")].filter((element) =>
        [...element.attributes].some(({ name, value }) => name.startsWith("on") || name === "style" || (name === "href" && !value.startsWith("#"))),
      ),
    ].map(name),

    // Pictures without a text for a screen reader: neither named nor hidden from it.
    mute: () => [...document.querySelectorAll("svg")]
      .filter((svg) => svg.getAttribute("aria-hidden") !== "true" && !(svg.getAttribute("role") === "img" && svg.getAttribute("aria-label")))
      .map(name),

    // What a reader of the paper would miss.
    folded: () => [...document.querySelectorAll("main :is(h3, h4, h5, h6, .l, dt, td, li)")].filter((element) => !visible(element)).map(name),
  };
})();
