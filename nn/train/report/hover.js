// Shows the values of an epoch beside the pointer, without the delay of the browser's tooltip.
const hint = document.createElement("div");
hint.id = "hint";
hint.hidden = true;
document.body.append(hint);
for (const column of document.querySelectorAll(".column")) {
	const title = column.querySelector("title");
	const text = title.textContent;
	title.remove();
	const show = (pointer) => {
		hint.textContent = text;
		hint.hidden = false;
		const above = pointer.clientY - hint.offsetHeight - 12;
		hint.style.left = Math.max(8, Math.min(pointer.clientX + 12, innerWidth - hint.offsetWidth - 24)) + "px";
		hint.style.top = (above < 8 ? pointer.clientY + 18 : above) + "px";
	};
	column.addEventListener("pointerenter", show);
	column.addEventListener("pointermove", show);
	column.addEventListener("pointerleave", () => { hint.hidden = true; });
}
