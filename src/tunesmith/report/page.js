// Figures name colours of the style sheet, which has those for dark screens too.
function read(text) {
  const style = getComputedStyle(document.documentElement);
  return JSON.parse(text.replace(/var\((--[\w-]+)\)/g, (_, name) => style.getPropertyValue(name).trim()));
}
function show(source) {
  const figure = read(source.textContent);
  figure.layout.template = read(document.getElementById("look").textContent);
  const displayModeBar = matchMedia("(hover: hover)").matches ? "hover" : false;
  const options = { responsive: true, displayModeBar, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d"] };
  return Plotly.react(source.dataset.plot, figure.data, figure.layout, options);
}
const sources = [...document.querySelectorAll("script[data-plot]")];
// One plot a turn: the text can be read and scrolled while the plots are still being drawn.
function drawAll(waiting) {
  const source = waiting.shift();
  if (!source) { document.body.dataset.drawn = "all"; return; }
  show(source).then(() => setTimeout(() => drawAll(waiting), 0));
}
if (sources.length) {
  drawAll([...sources]);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll([...sources]));
}

async function copy(text) {
  try { await navigator.clipboard.writeText(text); } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
for (const button of document.querySelectorAll(".command button")) {
  button.addEventListener("click", async () => {
    await copy(button.parentElement.querySelector("code").textContent);
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  });
}
