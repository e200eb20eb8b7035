// The contact sheet: a class's photos are read from the page, and only those in view become images.
const PAGE = 60;
const select = document.querySelector("#class");
const grid = document.querySelector("#grid");
const where = document.querySelector("#where");
const [previous, next] = document.querySelectorAll(".tools button");
const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });
let photos = [];
let first = 0;

const read = (name) => {
  const element = document.querySelector(`script[data-class="${name}"]`);
  const { label, photos: all } = JSON.parse(element.textContent);
  return all.map(([key, score, second, secondScore, unsure, jpeg]) => (
    { label, key, score, second, secondScore, unsure, jpeg }));
};

const choose = () => {
  const everything = select.value === "all" || select.value === "unsure";
  const names = everything
    ? [...document.querySelectorAll("script[data-class]")].map((element) => element.dataset.class)
    : [select.value];
  photos = names.flatMap(read);
  if (everything) photos.sort((a, b) => a.score - b.score);
  if (select.value === "unsure") photos = photos.filter((photo) => photo.unsure);
  first = 0;
  show();
};

const line = (kind, text, name) => {
  const element = document.createElement(kind);
  element.textContent = text;
  if (name) element.className = name;
  return element;
};

const card = (photo) => {
  const item = document.createElement("li");
  const image = new Image(96, 96);
  image.loading = "lazy";
  image.alt = "";
  if (photo.jpeg) image.src = `data:image/jpeg;base64,${photo.jpeg}`;
  const text = document.createElement("div");
  const low = photo.unsure ? "low" : "";
  text.append(
    line("b", photo.label),
    line("span", `${percent.format(photo.score)}${low ? ", unsure" : ""}`, low));
  if (photo.second) {
    text.append(line("span", `or ${photo.second}, ${percent.format(photo.secondScore)}`));
  }
  text.append(line("span", photo.key.split("/").at(-1)));
  item.title = photo.key;
  item.append(image, text);
  return item;
};

const show = () => {
  grid.replaceChildren(...photos.slice(first, first + PAGE).map(card));
  const last = Math.min(first + PAGE, photos.length);
  where.textContent = photos.length
    ? `${(first + 1).toLocaleString()} to ${last.toLocaleString()} of ${photos.length.toLocaleString()}, least sure first`
    : "No photos here";
  previous.disabled = first === 0;
  next.disabled = last === photos.length;
};

const turn = (by) => {
  first += by * PAGE;
  show();
  document.querySelector("#photos").scrollIntoView();
};

select.addEventListener("change", choose);
previous.addEventListener("click", () => turn(-1));
next.addEventListener("click", () => turn(1));
choose();
