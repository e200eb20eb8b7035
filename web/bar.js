// A probability as a bar, in a list of them.

import { probability } from "./i18n.js";

export function bar({ label, score }) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = label;
  const share = document.createElement("span");
  share.className = "share";
  share.textContent = probability(score);
  const track = document.createElement("span");
  track.className = "track";
  track.ariaHidden = "true";
  const fill = document.createElement("span");
  fill.style.width = `${Math.max(score * 100, 0.5)}%`;
  track.append(fill);
  item.append(name, share, track);
  return item;
}
