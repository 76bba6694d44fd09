// The page on which students join with a code; a link may carry it behind the #, where no server sees it.

import { ClassPanel } from "./class.js";
import { $ } from "./dom.js";

const codeOfLink = () => new URLSearchParams(location.hash.slice(1)).get("code") ?? "";
const panel = new ClassPanel($("class"), { viaThisMachine: false, code: codeOfLink() });
addEventListener("hashchange", () => panel.offer(codeOfLink())); // another link, opened where this page is open already
