// One photo on the page: its picture, its progress, its answer, and what the person says of it.

import { inWords } from "./answer.js";
import { curlCommand } from "./api.js";
import { bar } from "./bar.js";
import { Combobox } from "./combobox.js";
import { sentence } from "./failure.js";
import { megabytes, percent, t, translate } from "./i18n.js";

const COPIED_MS = 2000;

/**
 * @typedef {object} Actions
 * @property {(id: string) => void} cancel
 * @property {(id: string) => void} retry
 * @property {(id: string) => void} askCorrection
 * @property {(id: string) => void} reopen
 * @property {(id: string, answer: {correct: boolean, label?: object, comment?: string}) => void} answer
 * @property {(id: string) => void} retryFeedback
 * @property {() => Promise<object[]>} getLabels
 */
export class Card {
  /** @param {string} id @param {Actions} actions */
  constructor(id, actions) {
    this.id = id;
    this.actions = actions;
    this.element = document.getElementById("card-template").content.firstElementChild.cloneNode(true);
    this.combobox = new Combobox(this.#find(".combobox"), () => this.#otherLabels());
    this.#wire();
    translate(this.element);
  }

  /** Speak the language that has been chosen since. */
  translate() {
    translate(this.element);
    this.barsOf = null;
  }

  /** Show `photo` as it is now; what the person is typing stays. */
  update(photo) {
    const focused = document.activeElement;
    this.photo = photo;
    const { status } = photo;
    this.element.setAttribute("aria-label", photo.name);
    const unseen = Boolean(photo.file && !photo.preview);
    this.#find("figure").classList.toggle("unseen", unseen);
    const image = this.#find(".preview");
    if (photo.preview && image.src !== photo.preview) image.src = photo.preview;
    image.hidden = !photo.preview;
    image.alt = photo.name;
    this.#find("figcaption").textContent = unseen ? `${photo.name}. ${t("noPreview")}` : photo.name;
    this.#show(".busy", status !== "done" && status !== "failed");
    this.#show(".failure", status === "failed");
    this.#show(".result", status === "done");
    if (status === "failed") this.#failure(photo.failure);
    else if (status === "done") this.#result(photo);
    else this.#busy(photo);
    // What had the focus may be hidden now: the next thing to press takes it.
    if (this.element.contains(focused) && focused.closest("[hidden]")) this.#next(photo).focus();
  }

  #next({ status, feedback }) {
    if (status !== "done") return this.element;
    return this.#find({ sent: ".change", failed: ".feedback-retry", none: ".right" }[feedback.state] ?? "input");
  }

  #busy({ status, progress, slow }) {
    const bar = this.#find(".busy progress");
    if (status === "uploading") bar.value = progress;
    else bar.removeAttribute("value");
    const text = t(slow && status === "queued" ? "queuedLonger" : status, { percent: percent(progress) });
    bar.setAttribute("aria-label", text);
    this.#find(".busy-text").textContent = text;
  }

  #failure(failure) {
    this.#find(".failure-text").textContent = sentence(failure);
    this.#show(".retry", failure.retry);
  }

  #result({ result, copy, file, preview, feedback, uploadAs }) {
    const [best] = result.predictions;
    this.#find(".best").textContent = inWords(result);
    this.#show(".copied", Boolean(copy));
    if (copy) this.#find(".copied").textContent = t(copy.reason, { from: megabytes(copy.from), to: megabytes(copy.to) });
    if (this.barsOf !== result) this.#find(".bars").replaceChildren(...result.predictions.map(bar)); // else they would grow again
    this.barsOf = result;
    const inOneRequest = file && !uploadAs;
    this.#show("details", Boolean(inOneRequest));
    if (inOneRequest) this.#terminal(file, preview);
    this.#feedback(feedback, best.label);
  }

  #terminal(file, preview) {
    this.#find("code").textContent = curlCommand(file);
    const save = this.#find(".save");
    save.hidden = !preview;
    if (preview) Object.assign(save, { href: preview, download: file.name });
  }

  #feedback(feedback, label) {
    const { state } = feedback;
    this.#find(".question").textContent = t("question", { label });
    this.#find(".ask").setAttribute("aria-label", t("question", { label }));
    const correcting = state === "asking" || (feedback.correct === false && (state === "sending" || state === "failed"));
    this.#show(".ask", !correcting && state !== "sent");
    this.#show(".correction", correcting);
    this.#show(".thanks", state === "sent");
    this.#show(".feedback-failure", state === "failed");
    // Not `disabled`, which would take the focus away; the actions let nothing through meanwhile.
    for (const button of this.element.querySelectorAll(".feedback button")) button.setAttribute("aria-disabled", String(state === "sending"));
    for (const field of this.element.querySelectorAll(".feedback :is(input, textarea)")) field.readOnly = state === "sending";
    this.#find("[type=submit]").textContent = t(state === "sending" ? "sending" : "send");
    if (state === "sent") this.#find(".thanks span").textContent = feedback.label ? t("thanksLabel", feedback) : t("thanks");
    if (state === "failed") this.#find(".feedback-failure span").textContent = sentence(feedback.failure);
    this.#characters();
  }

  /** What it may show instead of what was predicted. */
  async #otherLabels() {
    const [best] = this.photo.result.predictions;
    return (await this.actions.getLabels()).filter(({ label }) => label !== best.label);
  }

  #wire() {
    const on = (selector, handler, type = "click") => this.#find(selector).addEventListener(type, handler);
    const { actions, id } = this;
    const comment = this.#find("textarea");
    comment.id = `comment-${id}`;
    this.#find(".comment-label").htmlFor = comment.id;
    comment.addEventListener("input", () => this.#characters());
    on(".stop", () => actions.cancel(id));
    on(".retry", () => actions.retry(id));
    on(".right", () => actions.answer(id, { correct: true }));
    on(".wrong", () => {
      actions.askCorrection(id);
      this.combobox.input.focus();
    });
    on(".cancel", () => actions.reopen(id));
    on(".change", () => actions.reopen(id));
    on(".feedback-retry", () => actions.retryFeedback(id));
    on(".copy", (event) => this.#copy(event.currentTarget));
    on(".correction", (event) => this.#submit(event), "submit");
  }

  #submit(event) {
    event.preventDefault();
    const label = this.combobox.value;
    if (label === undefined) {
      this.combobox.say(t("unknownLabel"), true);
      this.combobox.input.focus();
      return;
    }
    this.actions.answer(this.id, { correct: false, label, comment: this.#find("textarea").value.trim() });
  }

  #characters() {
    const { value, maxLength } = this.#find("textarea");
    this.#find(".characters").textContent = value ? t("charactersLeft", { count: maxLength - value.length }) : "";
  }

  async #copy(button) {
    const code = this.#find("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code); // forbidden, or plain http: ready for the person's own copying
      return;
    }
    button.textContent = t("copied");
    setTimeout(() => (button.textContent = t("copy")), COPIED_MS);
  }

  #show(selector, shown) {
    this.#find(selector).hidden = !shown;
  }

  #find(selector) {
    return this.element.querySelector(selector);
  }
}
