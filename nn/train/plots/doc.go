// Package plots draws the results of a training run: curves over its epochs, the confusion matrix, images with their
// predictions, and the kernels of the first layer.
//
//	err := plots.Curves("curves.png", []plots.Run{{Rows: result.Rows}}, plots.Options{})
//	err = plots.Confusion("confusion.svg", result.Test, source.ClassNames, plots.Options{})
//
// The extension of the file name chooses the format. A .png has two pixels per CSS pixel. An .svg keeps its text as
// text, in Liberation Sans or Arial, which have the same widths. The same input gives the same bytes. Colours are those
// of Okabe and Ito, which colour-blind readers can tell apart ("Color universal design", 2008); dashes and crosses
// carry the same information.
package plots
