// Package plots draws what a run came to: the curves of its epochs, the confusion matrix, images with their
// predictions, and the kernels of the first layer.
//
//	err := plots.Curves("curves.png", []plots.Run{{Rows: result.Rows}}, plots.Options{})
//	err = plots.Confusion("confusion.svg", result.Test, source.ClassNames, plots.Options{})
//
// The file name's extension decides: .png has two pixels for each CSS pixel, .svg has its text as text, in Liberation
// Sans or Arial, which are equally wide. The same input gives the same bytes. Colours are Okabe and Ito's, which
// readers who are colour-blind tell apart ("Color universal design", 2008); dashes and crosses say the same as they do.
package plots
