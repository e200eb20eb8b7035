// What an answer says in words, and whether to trust it.

import { t } from "./i18n.js";

/** The likeliest class; where the model is not sure, that too. */
export const inWords = ({ sure, predictions: [best] }) => (sure === false ? t("notSure", best) : best.label);

/** As the model says, or where it has no threshold, whether the score is below `threshold`. */
export const isUnsure = ({ sure, predictions: [best] }, threshold) => !(sure ?? best.score >= threshold);
