package data

import (
	"context"

	"resnet/data/folder"
)

// Folders names the data set of pictures in a folder for each class.
const Folders = "folders"

// anyFolders is a data set of pictures in a folder for each class, DIR/cat/1.jpg, or of splits of such folders,
// DIR/train/cat/1.jpg.
var anyFolders = &pictureSet{
	Dataset: Dataset{Name: Folders, Scaled: true, About: "pictures in a folder for each class, with or without " +
		"train, val and test around them"},
	classes: "a class for each folder", needs: "a directory with a folder for each class",
	evidence: folder.First,
	find: func(ctx context.Context, o *Options) (*pictures, error) {
		set, err := folder.Walk(ctx, o.Dir, 0)
		if err != nil {
			return nil, err
		}
		return inFiles(set), nil
	},
}
